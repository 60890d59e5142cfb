# What is installed: the libraries and their links, the headers, and how CMake and pkg-config find them.
# Nothing written here names the prefix, so the installed tree can be moved.
#
#   cmake --install build                      everything but the debug information
#   cmake --install build --component debug    the debug information, where debuggers look for it

include(CMakePackageConfigHelpers)

# A DLL goes beside the programs; what is linked, to the library folder.
if(WIN32) # untested
  set(streamcache_library_dir "${CMAKE_INSTALL_BINDIR}")
  install(FILES "${streamcache_library}" DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT runtime)
  install(FILES "${streamcache_lib_dir}/${streamcache_implib}" DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT development)
  set(streamcache_import_property
    "IMPORTED_IMPLIB \"\${PACKAGE_PREFIX_DIR}/${CMAKE_INSTALL_LIBDIR}/${streamcache_implib}\"")
else()
  set(streamcache_library_dir "${CMAKE_INSTALL_LIBDIR}")
  install(FILES "${streamcache_library}" "${streamcache_lib_dir}/${streamcache_soname}"
    DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT runtime)
  install(FILES "${streamcache_lib_dir}/${streamcache_link}" DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT development)
  set(streamcache_import_property "IMPORTED_SONAME \"${streamcache_soname_property}\"")
endif()
if(STREAMCACHE_BUILD_STATIC)
  install(FILES "${streamcache_archive}" DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT development)
endif()
if(streamcache_debug_file)
  install(FILES "${streamcache_debug_file}" DESTINATION "${CMAKE_INSTALL_LIBDIR}/.debug" COMPONENT debug EXCLUDE_FROM_ALL)
endif()
install(DIRECTORY "${streamcache_include_dir}/"
  DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT development
  FILES_MATCHING PATTERN "*.h" PATTERN "*.hpp")

# find_package(streamcache)

set(streamcache_cmake_dir "${CMAKE_INSTALL_LIBDIR}/cmake/streamcache")
configure_package_config_file(cmake/streamcacheConfig.cmake.in "${CMAKE_CURRENT_BINARY_DIR}/streamcacheConfig.cmake"
  INSTALL_DESTINATION "${streamcache_cmake_dir}"
  PATH_VARS streamcache_library_dir CMAKE_INSTALL_LIBDIR CMAKE_INSTALL_INCLUDEDIR)
write_basic_package_version_file("${CMAKE_CURRENT_BINARY_DIR}/streamcacheConfigVersion.cmake"
  VERSION ${streamcache_version} COMPATIBILITY ${streamcache_compatibility})
install(FILES
  "${CMAKE_CURRENT_BINARY_DIR}/streamcacheConfig.cmake"
  "${CMAKE_CURRENT_BINARY_DIR}/streamcacheConfigVersion.cmake"
  ${streamcache_native_cmake}
  DESTINATION "${streamcache_cmake_dir}" COMPONENT development)

# pkg-config: the prefix is so many folders above the .pc file, however deep the library folder is.

set(streamcache_pc_dir "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig")
file(RELATIVE_PATH streamcache_pc_up "${streamcache_pc_dir}" "${CMAKE_INSTALL_PREFIX}")
string(REGEX REPLACE "/$" "" streamcache_pc_up "${streamcache_pc_up}")
set(streamcache_pc_prefix "\${pcfiledir}/${streamcache_pc_up}")
foreach(dir LIBDIR INCLUDEDIR)
  if(IS_ABSOLUTE "${CMAKE_INSTALL_${dir}}") # the installer's own wish: then it stays where it is
    set(streamcache_pc_${dir} "${CMAKE_INSTALL_${dir}}")
  else()
    set(streamcache_pc_${dir} "\${prefix}/${CMAKE_INSTALL_${dir}}")
  endif()
endforeach()
if(STREAMCACHE_BUILD_STATIC) # rustc has a word in it: native.cmake finishes it
  set(streamcache_native "@streamcache_native@")
  configure_file(cmake/streamcache.pc.in "${streamcache_pc_unfinished}" @ONLY)
else()
  set(streamcache_native "")
  configure_file(cmake/streamcache.pc.in "${CMAKE_CURRENT_BINARY_DIR}/streamcache.pc" @ONLY)
endif()
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/streamcache.pc"
  DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig" COMPONENT development)
