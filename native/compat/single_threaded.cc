// Keeps the addon loadable on glibc 2.28, whatever glibc it is built on.
//
// From glibc 2.32 on, libstdc++ asks __libc_single_threaded whether it may skip
// its atomic operations, and a reference to that symbol makes an older dynamic
// linker refuse the addon. This definition is found first, at link time. It says
// "no", which is always correct: the addon has threads of its own.

extern "C" {
extern char __libc_single_threaded;
__attribute__((visibility("hidden"))) char __libc_single_threaded = 0;
}
