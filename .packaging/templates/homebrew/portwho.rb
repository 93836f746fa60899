# Formula of Homebrew, for a tap: brew install portwho/tap/portwho
class Portwho < Formula
  desc "Say who has a port, why, and how to get it back"
  homepage "https://github.com/portwho/portwho"
  version "{{version}}"
  license "MIT"

  on_macos do
    on_arm do
      url "https://github.com/portwho/portwho/releases/download/v{{version}}/portwho_{{version}}_darwin_arm64.tar.gz"
      sha256 "{{sha256 darwin_arm64.tar.gz}}"
    end
    on_intel do
      url "https://github.com/portwho/portwho/releases/download/v{{version}}/portwho_{{version}}_darwin_amd64.tar.gz"
      sha256 "{{sha256 darwin_amd64.tar.gz}}"
    end
  end

  on_linux do
    on_arm do
      url "https://github.com/portwho/portwho/releases/download/v{{version}}/portwho_{{version}}_linux_arm64.tar.gz"
      sha256 "{{sha256 linux_arm64.tar.gz}}"
    end
    on_intel do
      url "https://github.com/portwho/portwho/releases/download/v{{version}}/portwho_{{version}}_linux_amd64.tar.gz"
      sha256 "{{sha256 linux_amd64.tar.gz}}"
    end
  end

  def install
    bin.install "portwho"
    man1.install Dir["man/*.1"]
    bash_completion.install "completions/portwho.bash" => "portwho"
    zsh_completion.install "completions/_portwho"
    fish_completion.install "completions/portwho.fish"
  end

  test do
    assert_match "portwho v#{version}", shell_output("#{bin}/portwho version")
  end
end
