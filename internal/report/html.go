package report

import (
	"bufio"
	"embed"
	"html/template"
	"io"
)

// htmlFiles is the page's template and its style; never written.
//
//go:embed html
var htmlFiles embed.FS

// writeHTML writes one page that needs nothing beside itself: no script, no
// resource from elsewhere, and a policy that forbids both to whatever a text
// might smuggle in. However much was found, the page stays of a size that a
// browser shows.
func (r *Report) writeHTML(w io.Writer) error {
	page, err := template.ParseFS(htmlFiles, "html/*")
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(w, 32<<10)
	if err := page.ExecuteTemplate(out, "page.gohtml", newHTMLPage(r)); err != nil {
		return err
	}
	return out.Flush()
}
