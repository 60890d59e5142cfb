module streamcache/bindings/go

go 1.19
