// Each line of the input is a case, each line of the output what the verifier says of it.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"
)

func main() {
	cases := json.NewDecoder(os.Stdin)
	for cases.More() {
		var c struct {
			Secret, Header string
			Body           []byte
		}
		if err := cases.Decode(&c); err != nil {
			panic(err)
		}
		fmt.Println(Verify(c.Secret, c.Header, c.Body, 5*time.Minute))
	}
}
