// What the translation unit without exceptions offers.
#pragma once

#include <streamcache.hpp>

streamcache::Cache open_in_the_other();
std::size_t size_in_the_other(const streamcache::Cache &cache, const streamcache::Digest &key);
