#!/bin/sh
# Programs that ask pkg-config, one in C and one, OUTPUT-hpp, in C++: build.sh OUTPUT [--static]
set -eu
cd "$(dirname "$0")"
# shellcheck disable=SC2046  # flags are words
${CC:-cc} -Wall -Wextra -Werror ../consumer.c -o "$1" $(pkg-config ${2:+"$2"} --cflags --libs streamcache)
# shellcheck disable=SC2046  # flags are words
${CXX:-c++} -std=c++17 -Wall -Wextra -Werror ../consumer_hpp.cpp -o "$1-hpp" $(pkg-config ${2:+"$2"} --cflags --libs streamcache)
