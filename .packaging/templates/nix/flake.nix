{
  description = "Say who has a port, why, and how to get it back";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs = { self, nixpkgs }:
    let
      version = "{{version}}";
      # The programs of the release: static, so they need no patching.
      releases = {
        x86_64-linux = {
          url = "https://github.com/portwho/portwho/releases/download/v{{version}}/portwho_{{version}}_linux_amd64.tar.gz";
          sha256 = "{{sha256 linux_amd64.tar.gz}}";
        };
        aarch64-linux = {
          url = "https://github.com/portwho/portwho/releases/download/v{{version}}/portwho_{{version}}_linux_arm64.tar.gz";
          sha256 = "{{sha256 linux_arm64.tar.gz}}";
        };
        riscv64-linux = {
          url = "https://github.com/portwho/portwho/releases/download/v{{version}}/portwho_{{version}}_linux_riscv64.tar.gz";
          sha256 = "{{sha256 linux_riscv64.tar.gz}}";
        };
        x86_64-darwin = {
          url = "https://github.com/portwho/portwho/releases/download/v{{version}}/portwho_{{version}}_darwin_amd64.tar.gz";
          sha256 = "{{sha256 darwin_amd64.tar.gz}}";
        };
        aarch64-darwin = {
          url = "https://github.com/portwho/portwho/releases/download/v{{version}}/portwho_{{version}}_darwin_arm64.tar.gz";
          sha256 = "{{sha256 darwin_arm64.tar.gz}}";
        };
      };
      package = system:
        let pkgs = nixpkgs.legacyPackages.${system};
        in pkgs.stdenvNoCC.mkDerivation {
          pname = "portwho";
          inherit version;
          src = pkgs.fetchurl releases.${system};
          nativeBuildInputs = [ pkgs.installShellFiles ];
          dontBuild = true;
          dontFixup = true;
          installPhase = ''
            install -Dm755 portwho -t $out/bin
            install -Dm644 LICENSE LICENSES -t $out/share/licenses/portwho
            installShellCompletion --cmd portwho --bash completions/portwho.bash \
              --zsh completions/_portwho --fish completions/portwho.fish
            if [ -d man ]; then installManPage man/*.1; fi
          '';
          meta = {
            description = "Say who has a port, why, and how to get it back";
            homepage = "https://github.com/portwho/portwho";
            license = pkgs.lib.licenses.mit;
            mainProgram = "portwho";
            platforms = builtins.attrNames releases;
          };
        };
    in {
      packages = builtins.mapAttrs (system: _: { default = package system; }) releases;
    };
}
