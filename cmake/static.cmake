# The static library. rustc's has the names of everything it was made from as global symbols, and an engine has a BLAKE3,
# a SQLite or a Rust of its own: so its objects become one, in which every name but ours is local. Without the removal
# of the bitcode sections an ar or nm with LLVM's plug-in would abort; the debug information is that of Rust's std and
# ours, and six times the code.

set(streamcache_archive "${streamcache_lib_dir}/libstreamcache.a")
set(streamcache_whole "${CMAKE_CURRENT_BINARY_DIR}/streamcache-whole.o")
set(streamcache_object "${CMAKE_CURRENT_BINARY_DIR}/streamcache.o")
add_custom_command(OUTPUT "${streamcache_archive}"
  COMMAND "${CMAKE_LINKER}" -r --whole-archive "${streamcache_release_dir}/libstreamcache.a" -o "${streamcache_whole}"
  COMMAND "${CMAKE_OBJCOPY}" --wildcard --strip-debug -R .llvmbc -R .llvmcmd "--keep-global-symbol=streamcache_*"
    "${streamcache_whole}" "${streamcache_object}"
  COMMAND "${CMAKE_COMMAND}" -E rm -f "${streamcache_archive}" "${streamcache_whole}"
  COMMAND "${CMAKE_AR}" rcs "${streamcache_archive}" "${streamcache_object}"
  DEPENDS streamcache_cargo "${streamcache_release_dir}/libstreamcache.a"
  COMMENT "libstreamcache.a" VERBATIM)

# What a program links beside it, as arguments for a linker, for CMake and for pkg-config.

set(streamcache_native_arguments "${CMAKE_CURRENT_BINARY_DIR}/native-arguments")
set(streamcache_native_cmake "${CMAKE_CURRENT_BINARY_DIR}/streamcacheNative.cmake")
set(streamcache_pc_unfinished "${CMAKE_CURRENT_BINARY_DIR}/streamcache.pc.unfinished")
set(streamcache_pc "${CMAKE_CURRENT_BINARY_DIR}/streamcache.pc")
set(streamcache_pc_files "")
if(STREAMCACHE_INSTALL)
  set(streamcache_pc_files "${streamcache_pc_unfinished}")
endif()
add_custom_command(OUTPUT "${streamcache_native_cmake}" "${streamcache_native_arguments}"
  COMMAND "${CMAKE_COMMAND}" "-Drustc=${streamcache_native_file}" "-Darguments=${streamcache_native_arguments}"
    "-Dcmake=${streamcache_native_cmake}" "-Dpc_unfinished=${streamcache_pc_unfinished}" "-Dpc=${streamcache_pc}"
    -P "${CMAKE_CURRENT_SOURCE_DIR}/cmake/native.cmake"
  DEPENDS streamcache_cargo "${streamcache_native_file}" "${CMAKE_CURRENT_SOURCE_DIR}/cmake/native.cmake"
    ${streamcache_pc_files}
  COMMENT "What the static library needs" VERBATIM)
