# The one target, shared by binding.gyp and native/binding.gyp. Each sets
# native_dir, the way from its own folder to this one.
{
  'variables': {
    # What -fsanitize= takes ('address', 'thread', 'address,undefined'); '' for none.
    'reapwell_sanitize%': '<!(echo "$REAPWELL_SANITIZE")',
  },
  # A listing, so that a new file is built without a word here.
  'sources': [
    '<!@(ls <(native_dir)/core/*.cc <(native_dir)/bind/*.cc <(native_dir)/compat/*.cc)',
  ],
  'include_dirs': [
    '<(native_dir)',
    '<!(node -p "require(\'node-addon-api\').include_dir")',
  ],
  'defines': [
    '_GNU_SOURCE',
    'NAPI_VERSION=8',
    'NAPI_DISABLE_CPP_EXCEPTIONS',
    # A worker that is being ended refuses every call into it; that must not end the process.
    'NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS',
    'NODE_ADDON_API_DISABLE_DEPRECATED',
  ],
  # Node's headers bring a standard of their own, another one in each version.
  'cflags_cc!': [ '-std=gnu++17', '-std=gnu++20', '-std=c++20' ],
  'cflags_cc': [
    '-std=c++17', '-O2', '-fno-exceptions', '-fno-rtti', '-fvisibility=hidden',
    '-ffunction-sections', '-fdata-sections', '-pthread', '-Wall', '-Wextra',
  ],
  # nodelete: the reaper and spawner threads outlive the environment that loaded us.
  # __cxa_pure_virtual is a weak reference, so the linker would not fetch it by itself.
  # libgcc stays shared: its static unwinder needs _dl_find_object, of glibc 2.35,
  # and Node itself needs the shared one.
  'ldflags': [
    '-pthread', '-static-libstdc++', '-Wl,-z,nodelete', '-Wl,-z,now', '-Wl,--exclude-libs,ALL',
    '-Wl,--gc-sections', '-Wl,-u,__cxa_pure_virtual', '-Wl,--version-script=../<(native_dir)/exports.map',
  ],
  'conditions': [
    ['reapwell_sanitize!=""', {
      'cflags_cc': [ '-fsanitize=<(reapwell_sanitize)', '-fno-omit-frame-pointer', '-g' ],
      'ldflags': [ '-fsanitize=<(reapwell_sanitize)' ],
      'ldflags!': [ '-static-libstdc++', '-Wl,--gc-sections' ],
    }],
  ],
}
