// What the second translation unit of basic.cpp offers.
#pragma once

#include <cstddef>

#include "streamcache.h"

streamcache_digest digest_in_the_second_unit(const void *data, std::size_t len);
