# cmake -Drustc=FILE -Darguments=FILE -Dcmake=FILE -Dpc_unfinished=FILE -Dpc=FILE -P native.cmake
# Passes on what rustc says a static library of its needs: -lgcc_s -lutil -lrt -lpthread -lm -ldl -lc, say.

if(NOT EXISTS "${rustc}")
  message(FATAL_ERROR "rustc has not written ${rustc}: remove libstreamcache.a beside it and build again")
endif()
file(STRINGS "${rustc}" native LIMIT_COUNT 1)
separate_arguments(native UNIX_COMMAND "${native}")
# These two every compiler links by itself, and named they would keep a program from being linked with -static.
list(REMOVE_ITEM native -lgcc_s -lc)

list(JOIN native " " streamcache_native)
file(WRITE "${arguments}" "${streamcache_native}\n")
file(WRITE "${cmake}" "set(streamcache_native \"${native}\")\n")
if(EXISTS "${pc_unfinished}")
  configure_file("${pc_unfinished}" "${pc}" @ONLY)
endif()
