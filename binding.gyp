# Builds the addon in this repository. Everything but the folder is in
# native/reapwell.gypi, which native/binding.gyp shares: npm would run node-gyp
# on install if this file were in the package, so only that one is shipped.
{
  'targets': [
    {
      'target_name': 'reapwell',
      'variables': { 'native_dir': 'native' },
      'includes': [ 'native/reapwell.gypi' ],
      # Not for those who build the published package: their compiler may warn of more.
      'cflags_cc': [ '-Werror' ],
    },
  ],
}
