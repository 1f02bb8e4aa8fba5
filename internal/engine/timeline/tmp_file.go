package timeline

import (
	"errors"

	"github.com/ciclo/ciclo/internal/core"
)

type segmentFile struct{}

func openSegmentFile(path string) (*segmentFile, error) { return nil, errors.New("unsupported") }
func (f *segmentFile) close() error                     { return nil }

func newCursor(sc *scanner, p *part, sp span) (source, error) {
	return nil, errors.New("unsupported")
}
func (sc *scanner) spans(workers int) ([]span, error) { return []span{{0, noCustomer}}, nil }
func (p *pick) fromSegment(g *segment, numbers []core.CustomerID) ([]*row, error) {
	return nil, errors.New("unsupported")
}
func sortedKeys(m map[EventKey]keyStat) []EventKey { return nil }
