// Verify an exported log with golang.org/x/mod/sumdb/note and tlog, which are none of ours:
//
//	go run main.go DIRECTORY
package main

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

var place string

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func refuse(err error, what string) {
	if err == nil {
		log.Fatalf("accepted: %s", what)
	}
}

func read(name string) []byte {
	return must(os.ReadFile(filepath.Join(place, name)))
}

func hash(text string) tlog.Hash {
	return must(tlog.ParseHash(text))
}

// path gives the place of a tile in an export; Go's own paths have the height in them as well.
func path(level string, number int64, width int) string {
	parts := []string{fmt.Sprintf("%03d", number%1000)}
	for number >= 1000 {
		number /= 1000
		parts = append([]string{fmt.Sprintf("x%03d", number%1000)}, parts...)
	}
	name := "tile/" + level + "/" + strings.Join(parts, "/")
	if width < 256 {
		name += ".p/" + strconv.Itoa(width)
	}
	return name
}

// reader reads tiles; tlog compares each with the root before it believes a hash in it.
type reader struct{}

func (reader) Height() int                         { return 8 }
func (reader) SaveTiles(_ []tlog.Tile, _ [][]byte) {}
func (reader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var data [][]byte
	for _, tile := range tiles {
		data = append(data, read(path(strconv.Itoa(tile.L), tile.N, tile.W)))
	}
	return data, nil
}

// open gives the tree in a checkpoint that the key of the log signed.
func open(text []byte, key note.Verifier) tlog.Tree {
	opened := must(note.Open(text, note.VerifierList(key)))
	lines := strings.Split(opened.Text, "\n")
	if lines[0] != key.Name() || len(opened.Sigs) != 1 {
		log.Fatal("another origin, or no signature")
	}
	return tlog.Tree{N: must(strconv.ParseInt(lines[1], 10, 64)), Hash: hash(lines[2])}
}

func entries(tree tlog.Tree) [][]byte {
	var found [][]byte
	for start := int64(0); start < tree.N; start += 256 {
		width := tree.N - start
		if width > 256 {
			width = 256
		}
		data := read(path("entries", start/256, int(width)))
		for len(data) > 0 {
			end := 2 + int(binary.BigEndian.Uint16(data))
			found, data = append(found, data[2:end]), data[end:]
		}
	}
	return found
}

func main() {
	place = os.Args[1]
	key := must(note.NewVerifier(strings.TrimSpace(string(read("vkey")))))
	tree, old := open(read("checkpoint"), key), open(read("old"), key)
	forged := strings.Replace(string(read("checkpoint")), "\n6", "\n7", 1)
	_, err := note.Open([]byte(forged), note.VerifierList(key))
	refuse(err, "a checkpoint of another size")

	// Every entry, against tiles that tlog holds against the root.
	hashes := tlog.TileHashReader(tree, reader{})
	all := entries(tree)
	if int64(len(all)) != tree.N {
		log.Fatalf("%d entries, not %d", len(all), tree.N)
	}
	var indexes []int64
	for number := range all {
		indexes = append(indexes, tlog.StoredHashIndex(0, int64(number)))
	}
	for number, leaf := range must(hashes.ReadHashes(indexes)) {
		if leaf != tlog.RecordHash(all[number]) {
			log.Fatalf("entry %d is another", number)
		}
	}

	// Our proof of one event.
	top, below, _ := strings.Cut(string(read("event.tlog-proof")), "\n\n")
	lines := strings.Split(top, "\n")
	index := must(strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64))
	var proof tlog.RecordProof
	for _, line := range lines[2:] {
		proof = append(proof, hash(line))
	}
	seen := open([]byte(below), key)
	event := read("event.json")
	check(tlog.CheckRecord(proof, seen.N, seen.Hash, index, tlog.RecordHash(event)))
	event[9] ^= 1
	refuse(tlog.CheckRecord(proof, seen.N, seen.Hash, index, tlog.RecordHash(event)), "another event")

	// Our proof that the tree goes on from the old one, and the one that Go makes of our tiles.
	var way tlog.TreeProof
	for _, line := range strings.Fields(string(read("way"))) {
		way = append(way, hash(line))
	}
	check(tlog.CheckTree(way, tree.N, tree.Hash, old.N, old.Hash))
	for number, one := range must(tlog.ProveTree(tree.N, old.N, hashes)) {
		if one != way[number] {
			log.Fatal("another consistency proof")
		}
	}
	refuse(tlog.CheckTree(way, tree.N, tree.Hash, old.N, tree.Hash), "another old root")
	root := base64.StdEncoding.EncodeToString(tree.Hash[:])
	fmt.Printf("golang.org/x/mod agrees: %d entries from %d on, event %d, root %s\n", tree.N, old.N, index, root)
}
