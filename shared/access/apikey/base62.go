package apikey

import (
	"math"
	"math/bits"
)

const digits62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// value62 is the value of each digit, 255 for bytes that are not digits.
var value62 = func() (v [256]byte) {
	for i := range v {
		v[i] = 255
	}
	for i := range len(digits62) {
		v[digits62[i]] = byte(i)
	}
	return v
}()

// length62 is the number of digits for n bytes: ⌈8n / log₂ 62⌉, 43 for 32 bytes.
func length62(n int) int {
	return int(math.Ceil(float64(8*n) / math.Log2(62)))
}

// encode62 writes raw as one big-endian number, padded to length62.
func encode62(raw []byte) []byte {
	number := limbs(raw)
	out := make([]byte, length62(len(raw)))
	for i := len(out) - 1; i >= 0; i-- {
		var rest uint64
		for l := range number {
			number[l], rest = bits.Div64(rest, number[l], 62)
		}
		out[i] = digits62[rest]
	}
	return out
}

// decode62 fills raw with the number that text spells. It returns false for a byte that is
// not a digit, a wrong length, and a number that does not fit raw, so each value has one
// spelling.
func decode62(raw []byte, text string) bool {
	if len(text) != length62(len(raw)) {
		return false
	}
	number := make([]uint64, (len(raw)+7)/8)
	for i := range len(text) {
		d := value62[text[i]]
		if d >= 62 {
			return false
		}
		carry := uint64(d)
		for l := len(number) - 1; l >= 0; l-- {
			high, low := bits.Mul64(number[l], 62)
			sum, c := bits.Add64(low, carry, 0)
			number[l], carry = sum, high+c
		}
		if carry != 0 {
			return false
		}
	}
	for i := range raw {
		place := len(raw) - 1 - i // from the right
		raw[place] = byte(number[len(number)-1-i/8] >> (8 * (i % 8)))
	}
	if spare := 8*len(number) - len(raw); spare > 0 && number[0]>>(64-8*spare) != 0 {
		return false
	}
	return true
}

// limbs splits raw into 64-bit parts, the most significant first.
func limbs(raw []byte) []uint64 {
	number := make([]uint64, (len(raw)+7)/8)
	for i := range raw {
		place := len(raw) - 1 - i
		number[len(number)-1-i/8] |= uint64(raw[place]) << (8 * (i % 8))
	}
	return number
}
