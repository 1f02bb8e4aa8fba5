package expr

import (
	"encoding/binary"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/zeebo/xxh3"
)

// Sample is a random share of all customers that never changes: those whose
// bucket lies in [From, To) percent. Two samples with the same salt and ranges
// that do not meet have nobody in common; with other salts they are independent.
type Sample struct {
	Salt string  `json:"salt" maxLength:"255"`
	From float64 `json:"from,omitempty"`
	To   float64 `json:"to"`
}

// buckets is into how many parts a salt divides the customers.
const buckets = 1_000_000

// Bucket is the customer's place from 0 to 999,999 under a salt: XXH3 (64 bits,
// seed 0) of the salt's bytes, a zero byte and the customer's number as 8 bytes,
// big-endian, modulo 1,000,000. It is part of the language and stays as it is.
func Bucket(salt string, customer core.CustomerID) int64 {
	buf := append(append(make([]byte, 0, 64), salt...), 0)
	return int64(xxh3.Hash(binary.BigEndian.AppendUint64(buf, uint64(customer))) % buckets)
}

// Holds says whether the customer is in the sample. Customer 0 is nobody.
func (s *Sample) Holds(customer core.CustomerID) bool {
	b := Bucket(s.Salt, customer)
	return customer != 0 && b >= bucketOf(s.From) && b < bucketOf(s.To)
}

// bucketOf rounds a percentage to a whole bucket.
func bucketOf(percent float64) int64 { return int64(percent*(buckets/100) + 0.5) }

func (s *Sample) check(path string) error {
	if s.Salt == "" || len(s.Salt) > 255 {
		return bad(path+".salt", "must be 1 to 255 characters")
	}
	if !(s.From >= 0 && s.From < s.To && s.To <= 100) {
		return bad(path+".to", "from and to are rising percentages from 0 to 100")
	}
	return nil
}
