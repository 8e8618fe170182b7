package winsim

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/rc4"
	"encoding/binary"
	"errors"
	"fmt"
)

var (
	errNotSealable = errors.New("client did not negotiate sealing")
	errSignature   = errors.New("signature does not fit the message")
)

const ntlmSignatureSize = 16

// ntlmSession seals and opens messages with the keys of one logon (MS-NLMP 3.4, extended session security). Order
// matters: RC4 and the sequence number run on from message to message in each direction.
type ntlmSession struct {
	in, out ntlmDirection
}

type ntlmDirection struct {
	sign     []byte
	stream   *rc4.Cipher
	sequence uint32
	exchange bool // key exchange in force: the checksum is encrypted as well
}

func newNTLMSession(key []byte, flags uint32) (*ntlmSession, error) {
	if flags&ntlmSealFlag == 0 || flags&ntlmSign == 0 {
		return nil, errNotSealable
	}
	in, err := newNTLMDirection(key, flags, "client-to-server")
	if err != nil {
		return nil, err
	}
	out, err := newNTLMDirection(key, flags, "server-to-client")
	if err != nil {
		return nil, err
	}
	return &ntlmSession{in: in, out: out}, nil
}

func newNTLMDirection(key []byte, flags uint32, way string) (ntlmDirection, error) {
	derive := func(key []byte, use string) []byte {
		sum := md5.Sum(append(append([]byte(nil), key...), "session key to "+way+" "+use+" key magic constant\x00"...))
		return sum[:]
	}
	short := key
	switch {
	case flags&ntlm128 != 0:
	case flags&ntlm56 != 0:
		short = key[:7]
	default:
		short = key[:5]
	}
	stream, err := rc4.NewCipher(derive(short, "sealing"))
	if err != nil {
		return ntlmDirection{}, fmt.Errorf("derive sealing key: %w", err)
	}
	return ntlmDirection{sign: derive(key, "signing"), stream: stream, exchange: flags&ntlmKeyExchange != 0}, nil
}

// seal returns the signature followed by the encrypted message.
func (s *ntlmSession) seal(message []byte) []byte {
	b := make([]byte, ntlmSignatureSize+len(message))
	s.out.stream.XORKeyStream(b[ntlmSignatureSize:], message)
	copy(b, s.out.signature(message))
	return b
}

// open checks the signature in front of an encrypted message and returns the message.
func (s *ntlmSession) open(b []byte) ([]byte, error) {
	if len(b) < ntlmSignatureSize {
		return nil, errSignature
	}
	message := make([]byte, len(b)-ntlmSignatureSize)
	s.in.stream.XORKeyStream(message, b[ntlmSignatureSize:])
	if !hmac.Equal(s.in.signature(message), b[:ntlmSignatureSize]) {
		return nil, errSignature
	}
	return message, nil
}

func (d *ntlmDirection) signature(message []byte) []byte {
	sequence := binary.LittleEndian.AppendUint32(nil, d.sequence)
	d.sequence++
	sum := hmacMD5(d.sign, sequence, message)[:8]
	if d.exchange {
		d.stream.XORKeyStream(sum, sum)
	}
	b := binary.LittleEndian.AppendUint32(nil, 1)
	b = append(b, sum...)
	return append(b, sequence...)
}
