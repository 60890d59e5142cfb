# The program streamcache: cargo builds it by itself, so that nothing of it is in the libraries.

option(STREAMCACHE_BUILD_TOOL "Build the program streamcache, too" OFF)
if(STREAMCACHE_BUILD_TOOL)
  set(streamcache_tool "${streamcache_release_dir}/streamcache${CMAKE_EXECUTABLE_SUFFIX}")
  # After the libraries: two cargos would wait for each other.
  add_custom_target(streamcache_tool ALL
    COMMAND "${STREAMCACHE_CARGO}" build --release --locked --features cli --bin streamcache
      --manifest-path "${CMAKE_CURRENT_SOURCE_DIR}/Cargo.toml"
      --target-dir "${STREAMCACHE_CARGO_TARGET_DIR}"
      ${STREAMCACHE_CARGO_FLAGS}
    BYPRODUCTS "${streamcache_tool}"
    WORKING_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}"
    COMMENT "cargo builds the program streamcache"
    USES_TERMINAL VERBATIM)
  add_dependencies(streamcache_tool streamcache_library)
  if(STREAMCACHE_INSTALL)
    install(PROGRAMS "${streamcache_tool}" DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT tool)
  endif()
endif()
