// Counts the lines and words of a file.
package main

import (
	"bytes"
	"fmt"
	"os"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: words FILE")
		os.Exit(2)
	}
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	lines := bytes.Count(text, []byte("\n"))
	words := len(bytes.Fields(text))
	fmt.Printf("%s: %d lines, %d words\n", os.Args[1], lines, words)
}
