// Package packaging holds tests of what people install: the version that the
// program tells, the container image, and the templates of package managers in
// .packaging. It is never part of portwho.
//
// .packaging/check gives it the folder that .packaging/build wrote, by -dist.
package packaging
