# The version and the names made from it, read from Cargo.toml: there is no second place to change.

set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${CMAKE_CURRENT_LIST_DIR}/../Cargo.toml")

# streamcache_from_cargo(<key> <variable>): a string of Cargo.toml's [package], which must be the file's first table.
function(streamcache_from_cargo key variable)
  file(STRINGS "${CMAKE_CURRENT_LIST_DIR}/../Cargo.toml" lines REGEX "^${key} *= *\"" LIMIT_COUNT 1)
  if(NOT lines MATCHES "^${key} *= *\"([^\"]+)\"")
    message(FATAL_ERROR "Cargo.toml has no ${key} that can be read here")
  endif()
  set(${variable} "${CMAKE_MATCH_1}" PARENT_SCOPE)
endfunction()

streamcache_from_cargo(version streamcache_full_version)
streamcache_from_cargo(description streamcache_description)
string(REGEX MATCH "^([0-9]+)\\.([0-9]+)\\.([0-9]+)" streamcache_version "${streamcache_full_version}")

# Before 1.0 a minor version may break the ABI, so it is part of the SONAME (build.rs links with the same one).
if(CMAKE_MATCH_1 EQUAL 0)
  set(streamcache_abi "0.${CMAKE_MATCH_2}")
  set(streamcache_compatibility SameMinorVersion)
else()
  set(streamcache_abi "${CMAKE_MATCH_1}")
  set(streamcache_compatibility SameMajorVersion)
endif()
