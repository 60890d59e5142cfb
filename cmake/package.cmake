# cpack: a TGZ of what is installed, and Debian packages where they can be made.
#
#   cmake -B build -DCMAKE_INSTALL_PREFIX=/usr && cmake --build build && (cd build && cpack)
#
# The prefix decides the library folder, and /usr is where Debian packages belong: with another one only the TGZ is made.

set(STREAMCACHE_MAINTAINER "streamcache's authors <streamcache@localhost>" CACHE STRING "Who answers for the packages")
mark_as_advanced(STREAMCACHE_MAINTAINER)

install(FILES LICENSE-APACHE LICENSE-MIT
  DESTINATION "${CMAKE_INSTALL_DATAROOTDIR}/doc/libstreamcache${streamcache_abi}" COMPONENT runtime)

set(CPACK_PACKAGE_NAME streamcache)
set(CPACK_PACKAGE_VERSION "${streamcache_full_version}")
set(CPACK_PACKAGE_VENDOR streamcache)
set(CPACK_PACKAGE_CONTACT "${STREAMCACHE_MAINTAINER}")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "cache of what a model already computed, for inference engines")
set(CPACK_RESOURCE_FILE_LICENSE "${CMAKE_CURRENT_SOURCE_DIR}/LICENSE-MIT")
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_COMPONENTS_ALL runtime development)
set(CPACK_GENERATOR TGZ)

find_program(STREAMCACHE_DPKG_SHLIBDEPS dpkg-shlibdeps)
mark_as_advanced(STREAMCACHE_DPKG_SHLIBDEPS)
if(streamcache_linux AND STREAMCACHE_DPKG_SHLIBDEPS AND CMAKE_INSTALL_PREFIX STREQUAL "/usr")
  list(APPEND CPACK_GENERATOR DEB)
endif()

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_MULTIARCH same)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(streamcache_debian_version "${streamcache_full_version}-${CPACK_DEBIAN_PACKAGE_RELEASE}")

set(streamcache_debian_text "A program hashes a chunk of its input; if that chunk went through the same
filter with the same trained state before, the result comes back in about
the time the hash took.")

# A program's package depends on libstreamcache0.1 of at least this version: new functions may come within one SONAME.
set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME "libstreamcache${streamcache_abi}")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SHLIBDEPS ON)
file(WRITE "${CMAKE_CURRENT_BINARY_DIR}/debian/shlibs"
  "libstreamcache ${streamcache_abi} libstreamcache${streamcache_abi} (>= ${streamcache_full_version})\n")
file(WRITE "${CMAKE_CURRENT_BINARY_DIR}/debian/triggers" "activate-noawait ldconfig\n")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_CONTROL_EXTRA
  "${CMAKE_CURRENT_BINARY_DIR}/debian/shlibs" "${CMAKE_CURRENT_BINARY_DIR}/debian/triggers")
set(CPACK_DEBIAN_RUNTIME_DESCRIPTION "${streamcache_debian_text}
This package has the shared library.")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libstreamcache-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "libstreamcache${streamcache_abi} (= ${streamcache_debian_version}), libc6-dev")
set(CPACK_DEBIAN_DEVELOPMENT_DESCRIPTION "${streamcache_debian_text}
This package has the headers, the static library, and what CMake and
pkg-config need.")

include(CPack)
