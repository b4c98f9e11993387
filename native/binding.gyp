# Builds the addon from an installed package: see docs/building.md.
{
  'targets': [
    {
      'target_name': 'reapwell',
      'variables': { 'native_dir': '.' },
      'includes': [ 'reapwell.gypi' ],
    },
    {
      # The loader looks in the package's own build/Release, before any prebuild.
      'target_name': 'install',
      'type': 'none',
      'dependencies': [ 'reapwell' ],
      'copies': [
        {
          'destination': '../build/Release',
          'files': [ '<(PRODUCT_DIR)/reapwell.node' ],
        },
      ],
    },
  ],
}
