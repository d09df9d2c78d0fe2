// Records what Go makes of the templates of go.json, with docker's functions:
//
//	go run record.go < go.json > new.json && mv new.json go.json
package main

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"text/template"
)

type Case struct {
	Template string          `json:"template"`
	Value    json.RawMessage `json:"value,omitempty"`
	Output   *string         `json:"output,omitempty"`
	Error    string          `json:"error,omitempty"`
}
type File struct {
	Recorded string          `json:"recorded"`
	Value    json.RawMessage `json:"value"`
	Cases    []Case          `json:"cases"`
}

func plain(v interface{}) interface{} {
	switch v := v.(type) {
	case json.Number:
		if i, err := v.Int64(); err == nil {
			return int(i)
		}
		f, _ := v.Float64()
		return f
	case []interface{}:
		allText := len(v) > 0
		for i := range v {
			v[i] = plain(v[i])
			_, isText := v[i].(string)
			allText = allText && isText
		}
		if allText {
			texts := []string{}
			for i := range v {
				texts = append(texts, v[i].(string))
			}
			return texts
		}
		return v
	case map[string]interface{}:
		for k := range v {
			v[k] = plain(v[k])
		}
		return v
	}
	return v
}
func decode(raw []byte) interface{} {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v interface{}
	if err := d.Decode(&v); err != nil {
		panic(err)
	}
	return plain(v)
}

var functions = template.FuncMap{
	"json": func(v interface{}) string {
		b := &bytes.Buffer{}
		e := json.NewEncoder(b)
		e.SetEscapeHTML(false)
		e.Encode(v)
		return strings.TrimSpace(b.String())
	},
	"split": strings.Split, "join": strings.Join, "title": strings.Title,
	"lower": strings.ToLower, "upper": strings.ToUpper,
	"pad": func(s string, before, after int) string {
		if s == "" {
			return s
		}
		return strings.Repeat(" ", before) + s + strings.Repeat(" ", after)
	},
	"truncate": func(s string, n int) string {
		if len(s) < n {
			return s
		}
		return s[:n]
	},
}

func main() {
	var file File
	if err := json.NewDecoder(os.Stdin).Decode(&file); err != nil {
		panic(err)
	}
	for i := range file.Cases {
		c := &file.Cases[i]
		c.Output, c.Error = nil, ""
		raw := c.Value
		if raw == nil {
			raw = file.Value
		}
		t, err := template.New("").Funcs(functions).Parse(c.Template)
		if err == nil {
			out := &bytes.Buffer{}
			err = t.Execute(out, decode(raw))
			if err == nil {
				s := out.String()
				c.Output = &s
			}
		}
		if err != nil {
			c.Error = err.Error()
		}
	}
	e := json.NewEncoder(os.Stdout)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	e.Encode(file)
}
