package streamcache

// #cgo pkg-config: streamcache
// #include "shim.h"
import "C"

import "fmt"

// HeaderVersion is the version of the header this package was compiled with, such as "0.1.0".
const HeaderVersion = C.STREAMCACHE_VERSION_STRING

// Version is the loaded library's version, such as "0.1.0".
func Version() string { return C.GoString(C.streamcache_version_string()) }

// compatible fails where the loaded library is of another version than the header, or of an older one, which need not
// have all that this package calls. Before 1.0 another minor version is another ABI. The loader sees to that by the
// library's name; this is for a file that has the wrong one.
func compatible(header, library uint32, name string) error {
	const minor = 1000
	if header/minor == library/minor && library >= header {
		return nil
	}
	return &Error{ErrNotSupported, fmt.Sprintf(
		"this program was compiled with the header of streamcache %d.%d.%d, and the library that was loaded is %s: "+
			"install that version, or build the program again with this one",
		header/1_000_000, header/minor%minor, header%minor, name)}
}

// mismatch is the error that every way into the library answers, nil where all is well: whatever opens or makes a handle,
// and whatever digests. Functions that have no error panic with it.
var mismatch = compatible(C.STREAMCACHE_VERSION_NUMBER, uint32(C.streamcache_version_number()), Version())
