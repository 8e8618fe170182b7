package winrm

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// Negotiate flags of MS-NLMP 2.2.2.5.
const (
	flagUnicode      = 1 << 0
	flagSign         = 1 << 4
	flagSeal         = 1 << 5
	flagDatagram     = 1 << 6
	flagLMKey        = 1 << 7
	flagAnonymous    = 1 << 11
	flagExtended     = 1 << 19 // session security that is worth the name
	flagNonNTKey     = 1 << 22
	flagTargetInfo   = 1 << 23
	flag128          = 1 << 29
	flagKeyExchange  = 1 << 30
	flagsNeeded      = uint32(flagUnicode | flagSign | flagSeal | flagExtended | flagTargetInfo | flag128 | flagKeyExchange)
	flagsNotAccepted = uint32(flagDatagram | flagLMKey | flagAnonymous | flagNonNTKey)
)

// Where things are in a CHALLENGE (MS-NLMP 2.2.1.2), and identifiers of its attributes (2.2.2.1).
const (
	challengeFixed  = 48 // without the version
	challengeFlags  = 20
	challengeTarget = 12
	challengeInfo   = 40

	attributeEnd   = 0
	attributeFlags = 6
	attributeTime  = 7
)

var (
	errChallenge = errors.New("malformed")
	errWeak      = errors.New("the server asks for weaker session security than NTLMv2 with 128 bits")
)

// checkChallenge looks at a CHALLENGE before the library does. The library takes the flags the server sends as they are
// (an anonymous session, with a key everybody knows, among them), and it trusts the lengths of attributes. What passes
// here leads to NTLMv2, 128 bits, and an integrity code over all three messages, which is made only when the server
// tells its time.
func checkChallenge(b []byte) error {
	if len(b) < challengeFixed || !bytes.HasPrefix(b, []byte("NTLMSSP\x00\x02\x00\x00\x00")) {
		return errChallenge
	}
	flags := binary.LittleEndian.Uint32(b[challengeFlags:])
	if flags&flagsNeeded != flagsNeeded || flags&flagsNotAccepted != 0 {
		return fmt.Errorf("%w: flags %08x", errWeak, flags)
	}
	if _, err := field(b, challengeTarget); err != nil {
		return err
	}
	attributes, err := field(b, challengeInfo)
	if err != nil {
		return err
	}
	timed := false
	for {
		if len(attributes) < 4 {
			return fmt.Errorf("%w: attributes without an end", errChallenge)
		}
		id := binary.LittleEndian.Uint16(attributes)
		length := int(binary.LittleEndian.Uint16(attributes[2:]))
		attributes = attributes[4:]
		switch {
		case id == attributeEnd && timed:
			return nil
		case id == attributeEnd:
			return fmt.Errorf("%w: no time", errWeak)
		case length > len(attributes),
			id == attributeFlags && length != 4, id == attributeTime && length != 8:
			return fmt.Errorf("%w: attribute %d of %d bytes", errChallenge, id, length)
		}
		timed = timed || id == attributeTime
		attributes = attributes[length:]
	}
}

// field returns what the length and the offset at a position point to.
func field(b []byte, at int) ([]byte, error) {
	length := uint64(binary.LittleEndian.Uint16(b[at:]))
	offset := uint64(binary.LittleEndian.Uint32(b[at+4:]))
	if offset+length > uint64(len(b)) {
		return nil, fmt.Errorf("%w: a field points outside", errChallenge)
	}
	return b[offset : offset+length], nil
}
