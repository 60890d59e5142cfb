# What is installed: the library and its links, the headers, and how CMake and pkg-config find them.
# Nothing written here names the prefix, so the installed tree can be moved.

include(CMakePackageConfigHelpers)

install(FILES
  "${streamcache_lib_dir}/${streamcache_file}"
  "${streamcache_lib_dir}/${streamcache_soname}"
  DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT runtime)
install(FILES "${streamcache_lib_dir}/${streamcache_link}"
  DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT development)
install(DIRECTORY "${streamcache_include_dir}/"
  DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT development
  FILES_MATCHING PATTERN "*.h" PATTERN "*.hpp")

# find_package(streamcache)

set(streamcache_cmake_dir "${CMAKE_INSTALL_LIBDIR}/cmake/streamcache")
configure_package_config_file(cmake/streamcacheConfig.cmake.in "${CMAKE_CURRENT_BINARY_DIR}/streamcacheConfig.cmake"
  INSTALL_DESTINATION "${streamcache_cmake_dir}"
  PATH_VARS CMAKE_INSTALL_LIBDIR CMAKE_INSTALL_INCLUDEDIR)
write_basic_package_version_file("${CMAKE_CURRENT_BINARY_DIR}/streamcacheConfigVersion.cmake"
  VERSION ${streamcache_version} COMPATIBILITY ${streamcache_compatibility})
install(FILES
  "${CMAKE_CURRENT_BINARY_DIR}/streamcacheConfig.cmake"
  "${CMAKE_CURRENT_BINARY_DIR}/streamcacheConfigVersion.cmake"
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
configure_file(cmake/streamcache.pc.in "${CMAKE_CURRENT_BINARY_DIR}/streamcache.pc" @ONLY)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/streamcache.pc"
  DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig" COMPONENT development)
