package slacksim

import (
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// File is a file shared in a message.
type File struct {
	ID, Name, Title string
	Content         []byte
}

// upload is a file between its three steps: a url is asked for, bytes arrive, the upload is completed.
type upload struct {
	File
	length   int
	arrived  bool
	complete bool
}

func (ws *Workspace) getUploadURL(args arguments) (reply, error) {
	length := args.number("length", 0)
	if args.text("filename") == "" || length <= 0 {
		return nil, invalidArguments("filename and length are required")
	}
	id := "F" + strconv.Itoa(len(ws.files)+1) + "SIM"
	ws.files[id] = &upload{File: File{ID: id, Name: args.text("filename")}, length: length}
	return reply{"upload_url": ws.base + "/upload/" + id, "file_id": id}, nil
}

// serveUpload takes the bytes, bare or as the first file of a multipart form.
func (ws *Workspace) serveUpload(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	content, err := readUpload(w, r)
	ws.exchange(w, r, Call{Method: UploadURL, Args: map[string]string{"file": id}}, func() answer {
		u, ok := ws.files[id]
		switch {
		case err != nil:
			return answerText(http.StatusBadRequest, "unreadable upload")
		case !ok || u.complete:
			return answerText(http.StatusNotFound, "no such upload")
		case len(content) != u.length:
			return answerText(http.StatusBadRequest, "length mismatch")
		}
		u.Content, u.arrived = content, true
		return answerText(http.StatusOK, "OK - "+strconv.Itoa(len(content)))
	})
}

func readUpload(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxRequest)
	body := io.Reader(r.Body)
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); strings.HasPrefix(kind, "multipart/") {
		parts, err := r.MultipartReader()
		if err != nil {
			return nil, err
		}
		for {
			part, err := parts.NextPart()
			if err != nil {
				return nil, err
			}
			if part.FileName() != "" {
				body = part
				break
			}
		}
	}
	return io.ReadAll(body)
}

func (ws *Workspace) completeUpload(args arguments) (reply, error) {
	var wanted []struct {
		ID    string `json:"id"`
		Title string `json:"title"`
	}
	if err := json.Unmarshal([]byte(args.text("files")), &wanted); err != nil || len(wanted) == 0 {
		return nil, invalidArguments("files must be an array of id and title")
	}
	var list []File
	for _, f := range wanted {
		u, ok := ws.files[f.ID]
		if !ok || !u.arrived || u.complete {
			return nil, failure{code: "file_not_found"}
		}
		file := u.File
		file.Title = f.Title
		orDefault(&file.Title, file.Name)
		list = append(list, file)
	}
	if err := ws.share(args, list); err != nil {
		return nil, err
	}
	answer := []reply{}
	for _, f := range list {
		ws.files[f.ID].complete = true
		answer = append(answer, reply{"id": f.ID, "title": f.Title, "name": f.Name, "size": len(f.Content)})
	}
	return reply{"files": answer}, nil
}

// share posts the files; without a channel they stay private.
func (ws *Workspace) share(args arguments, list []File) error {
	channel := args.text("channel_id")
	if channel == "" {
		channel = args.text("channels")
	}
	if channel == "" {
		return nil
	}
	c, err := ws.writable(channel)
	if err != nil {
		return err
	}
	comment := arguments{"text": args.text("initial_comment"), "blocks": args.text("blocks"), "thread_ts": args.text("thread_ts")}
	if comment["text"] == "" && comment["blocks"] == "" {
		comment["text"] = " " // files alone are a message, too
	}
	m, err := ws.compose(c, comment)
	if err != nil {
		return err
	}
	m.Text = strings.TrimSpace(m.Text)
	m.Files = list
	ws.add(m)
	return nil
}
