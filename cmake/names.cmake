# What the library's files are called where it is built, and where they go.
#
#   streamcache_built    as cargo calls it          streamcache_file    as it is installed
#   streamcache_soname   the name programs ask for  streamcache_link    the name a linker asks for
#   streamcache_implib   Windows: what a program links instead of the DLL
#
# Linux is what is tested. macOS and Windows are written by the book and UNTESTED.

set(streamcache_implib "")
if(WIN32) # untested
  set(streamcache_built "streamcache.dll")
  set(streamcache_file "streamcache.dll")
  set(streamcache_soname "")
  set(streamcache_link "")
  if(MSVC)
    set(streamcache_built_implib "streamcache.dll.lib")
    set(streamcache_implib "streamcache.lib")
  else()
    set(streamcache_built_implib "libstreamcache.dll.a")
    set(streamcache_implib "libstreamcache.dll.a")
  endif()
elseif(APPLE) # untested
  set(streamcache_built "libstreamcache.dylib")
  set(streamcache_file "libstreamcache.${streamcache_version}.dylib")
  set(streamcache_soname "libstreamcache.${streamcache_abi}.dylib")
  set(streamcache_link "libstreamcache.dylib")
  set(streamcache_soname_property "@rpath/${streamcache_soname}") # the install_name that build.rs gives it
else()
  set(streamcache_built "libstreamcache.so")
  set(streamcache_file "libstreamcache.so.${streamcache_version}")
  set(streamcache_soname "libstreamcache.so.${streamcache_abi}")
  set(streamcache_link "libstreamcache.so")
  set(streamcache_soname_property "${streamcache_soname}")
endif()
