package winsim

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf16"
)

// Negotiate flags of MS-NLMP 2.2.2.5 that matter here.
const (
	ntlmUnicode      = 1 << 0
	ntlmOEM          = 1 << 1
	ntlmTarget       = 1 << 2
	ntlmSign         = 1 << 4
	ntlmSealFlag     = 1 << 5
	ntlmNTLM         = 1 << 9
	ntlmAlwaysSign   = 1 << 15
	ntlmTargetServer = 1 << 17
	ntlmExtended     = 1 << 19
	ntlmTargetInfo   = 1 << 23
	ntlmVersion      = 1 << 25
	ntlm128          = 1 << 29
	ntlmKeyExchange  = 1 << 30
	ntlm56           = 1 << 31

	// ntlmSupported are the flags a client may have if it asks for them.
	ntlmSupported = uint32(ntlmUnicode | ntlmTarget | ntlmSign | ntlmSealFlag | ntlmNTLM | ntlmAlwaysSign | ntlmExtended |
		ntlmTargetInfo | ntlmVersion | ntlm128 | ntlmKeyExchange | ntlm56)
)

// Identifiers of MS-NLMP 2.2.2.1 (AV_PAIR).
const (
	avEOL          = 0
	avComputerName = 1
	avDomainName   = 2
	avFlags        = 6
	avTimestamp    = 7

	avFlagMIC = 2 // in the value of avFlags: the message carries an integrity code
)

const (
	ntlmHeader       = 12 // signature and message type
	ntlmNegotiateMin = 16
	ntlmAuthMin      = 64 // up to and with the flags; version and MIC are optional
	ntlmMICOffset    = 72
	ntlmMICEnd       = 88
	ntlmProofSize    = 16
	ntlmBlobFixed    = 28 // of the NTLMv2 client challenge, before its pairs
)

var (
	ntlmSignature = []byte("NTLMSSP\x00") //nolint:gochecknoglobals // a constant in all but Go's grammar

	errNTLMFormat = errors.New("malformed NTLM message")
)

// ntlmAuthenticate is the client's last message, taken apart.
type ntlmAuthenticate struct {
	raw        []byte
	proof      []byte // NTProofStr, the first 16 bytes of the NTLMv2 response
	blob       []byte // the client challenge, the rest of it
	domain     string
	user       string
	sessionKey []byte // encrypted with the key exchange key
	flags      uint32
	mic        bool // raw carries an integrity code
}

// ntlmMessageType returns 1 (NEGOTIATE), 2 (CHALLENGE) or 3 (AUTHENTICATE).
func ntlmMessageType(b []byte) (uint32, error) {
	if len(b) < ntlmHeader || !bytes.HasPrefix(b, ntlmSignature) {
		return 0, fmt.Errorf("%w: no NTLMSSP header", errNTLMFormat)
	}
	return binary.LittleEndian.Uint32(b[8:]), nil
}

// parseNTLMNegotiate returns the flags a client asks for.
func parseNTLMNegotiate(b []byte) (uint32, error) {
	if len(b) < ntlmNegotiateMin {
		return 0, fmt.Errorf("%w: NEGOTIATE of %d bytes", errNTLMFormat, len(b))
	}
	flags := binary.LittleEndian.Uint32(b[12:])
	if flags&(ntlmUnicode|ntlmOEM) == 0 || flags&ntlmExtended == 0 {
		return 0, fmt.Errorf("%w: client without a character set or extended session security", errNTLMFormat)
	}
	return flags, nil
}

func parseNTLMAuthenticate(b []byte) (*ntlmAuthenticate, error) {
	if len(b) < ntlmAuthMin {
		return nil, fmt.Errorf("%w: AUTHENTICATE of %d bytes", errNTLMFormat, len(b))
	}
	var fields [6][]byte // LM response, NT response, domain, user, workstation, session key
	for i := range fields {
		value, err := ntlmField(b, ntlmHeader+8*i)
		if err != nil {
			return nil, err
		}
		fields[i] = value
	}
	m := &ntlmAuthenticate{
		raw:        b,
		sessionKey: fields[5],
		flags:      binary.LittleEndian.Uint32(b[60:]),
	}
	m.domain, m.user = fromNTLM(m.flags, fields[2]), fromNTLM(m.flags, fields[3])
	response := fields[1]
	if len(response) < ntlmProofSize+ntlmBlobFixed {
		return nil, fmt.Errorf("%w: NT response of %d bytes is not NTLMv2", errNTLMFormat, len(response))
	}
	m.proof, m.blob = response[:ntlmProofSize], response[ntlmProofSize:]
	flags, err := ntlmPair(m.blob[ntlmBlobFixed:], avFlags)
	if err != nil {
		return nil, err
	}
	if len(flags) == 4 && binary.LittleEndian.Uint32(flags)&avFlagMIC != 0 {
		if len(b) < ntlmMICEnd {
			return nil, fmt.Errorf("%w: integrity code announced but absent", errNTLMFormat)
		}
		m.mic = true
	}
	return m, nil
}

// ntlmField returns what the length and offset at position at point to.
func ntlmField(b []byte, at int) ([]byte, error) {
	length := uint64(binary.LittleEndian.Uint16(b[at:]))
	offset := uint64(binary.LittleEndian.Uint32(b[at+4:]))
	if offset+length > uint64(len(b)) {
		return nil, fmt.Errorf("%w: field at %d points outside", errNTLMFormat, at)
	}
	return b[offset : offset+length], nil
}

// ntlmPair returns the value of one attribute of a list, nil if it is not there.
func ntlmPair(pairs []byte, id uint16) ([]byte, error) {
	for len(pairs) >= 4 {
		this := binary.LittleEndian.Uint16(pairs)
		length := int(binary.LittleEndian.Uint16(pairs[2:]))
		if this == avEOL {
			return nil, nil
		}
		if 4+length > len(pairs) {
			break
		}
		if this == id {
			return pairs[4 : 4+length], nil
		}
		pairs = pairs[4+length:]
	}
	return nil, fmt.Errorf("%w: attribute list without an end", errNTLMFormat)
}

// newNTLMChallenge writes a CHALLENGE message. The flags are those both sides have.
func newNTLMChallenge(flags uint32, nonce []byte, computer string, filetime uint64) []byte {
	name := toUTF16(computer) // as in the list, whose names are Unicode always
	target := name
	if flags&ntlmUnicode == 0 {
		target = []byte(computer)
	}
	var info bytes.Buffer
	pair := func(id uint16, value []byte) {
		_ = binary.Write(&info, binary.LittleEndian, id)
		_ = binary.Write(&info, binary.LittleEndian, uint16(len(value))) //nolint:gosec // names are short
		info.Write(value)
	}
	pair(avDomainName, name)
	pair(avComputerName, name)
	pair(avTimestamp, binary.LittleEndian.AppendUint64(nil, filetime))
	pair(avEOL, nil)

	const fixed = 56 // with the version
	field := func(b []byte, length, offset int) []byte {
		b = binary.LittleEndian.AppendUint16(b, uint16(length))    //nolint:gosec // names are short
		b = binary.LittleEndian.AppendUint16(b, uint16(length))    //nolint:gosec // names are short
		return binary.LittleEndian.AppendUint32(b, uint32(offset)) //nolint:gosec // and few
	}
	b := append([]byte(nil), ntlmSignature...)
	b = binary.LittleEndian.AppendUint32(b, 2)
	b = field(b, len(target), fixed)
	b = binary.LittleEndian.AppendUint32(b, flags)
	b = append(b, nonce...)
	b = append(b, make([]byte, 8)...)
	b = field(b, info.Len(), fixed+len(target))
	b = append(b, 10, 0, 0x39, 0x38, 0, 0, 0, 15) // 10.0.14393, NTLM revision 15: Windows Server 2016
	b = append(b, target...)
	return append(b, info.Bytes()...)
}

// fromNTLM reads a name in the character set the two sides agreed on. Of the OEM ones only their common part, ASCII, is
// simulated.
func fromNTLM(flags uint32, b []byte) string {
	if flags&ntlmUnicode == 0 {
		return string(b)
	}
	return fromUTF16(b)
}

func toUTF16(s string) []byte {
	units := utf16.Encode([]rune(s))
	b := make([]byte, 0, 2*len(units))
	for _, u := range units {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

func fromUTF16(b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}
