package inbox

import "encoding/binary"

// bloom is a Bloom filter in blocks of 64 bytes: each key sets eight bits of
// one block, so a look-up touches one cache line. With 14 bits a key about one
// look-up in 500 is falsely positive (Putze, Sanders, Singler 2007).
type bloom []byte

const (
	bloomBlock   = 64 // bytes
	bloomKeyBits = 14
)

func newBloom(keys int) bloom {
	blocks := (keys*bloomKeyBits + bloomBlock*8 - 1) / (bloomBlock * 8)
	return make(bloom, max(blocks, 1)*bloomBlock)
}

// at gives the block of a key and the hash its bits come from. The block is
// chosen by multiplication, the bits by other parts of the hash.
func (b bloom) at(e entry) ([]byte, uint64) {
	blocks := uint64(len(b) / bloomBlock)
	i := (e.hi & 0xFFFFFFFF) * blocks >> 32
	return b[i*bloomBlock : (i+1)*bloomBlock : (i+1)*bloomBlock], e.lo
}

func (b bloom) add(e entry) {
	block, h := b.at(e)
	for range 8 {
		bit := h & 511
		block[bit>>3] |= 1 << (bit & 7)
		h = h>>9 | h<<55
		h *= 0x9E3779B97F4A7C15
	}
}

func (b bloom) has(e entry) bool {
	if len(b) == 0 {
		return false
	}
	block, h := b.at(e)
	for range 8 {
		bit := h & 511
		if block[bit>>3]&(1<<(bit&7)) == 0 {
			return false
		}
		h = h>>9 | h<<55
		h *= 0x9E3779B97F4A7C15
	}
	return true
}

// entryBytes is the stored size of an entry.
const entryBytes = 24

func appendEntry(dst []byte, e entry) []byte {
	dst = binary.BigEndian.AppendUint64(dst, e.hi)
	dst = binary.BigEndian.AppendUint64(dst, e.lo)
	return binary.BigEndian.AppendUint64(dst, e.print)
}

func entryAt(b []byte, i int) entry {
	b = b[i*entryBytes : (i+1)*entryBytes]
	return entry{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:]), binary.BigEndian.Uint64(b[16:])}
}
