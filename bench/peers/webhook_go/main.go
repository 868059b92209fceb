// A stand-in for a webhook written in Go, for bench/webhook.cc: net/http and encoding/json, nothing else. It is
// leaner than any that controller-runtime would make: one pass over the review, into structs that have only the
// fields it looks at.
//
//	webhook_go CERTIFICATE KEY      prints "port N" once it listens on 127.0.0.1
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
)

type review struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"`
	Request    *request `json:"request"`
}

type request struct {
	UID       string         `json:"uid"`
	Operation string         `json:"operation"`
	Object    virtualMachine `json:"object"`
}

type virtualMachine struct {
	Metadata struct {
		Name        string            `json:"name"`
		Labels      map[string]string `json:"labels"`
		Annotations map[string]string `json:"annotations"`
	} `json:"metadata"`
	Spec struct {
		Template struct {
			Spec struct {
				Domain struct {
					Devices struct {
						Disks []named `json:"disks"`
					} `json:"devices"`
				} `json:"domain"`
				Volumes []volume `json:"volumes"`
			} `json:"spec"`
		} `json:"template"`
	} `json:"spec"`
}

type named struct {
	Name string `json:"name"`
}

type volume struct {
	Name        string     `json:"name"`
	NoCloud     *cloudInit `json:"cloudInitNoCloud"`
	ConfigDrive *cloudInit `json:"cloudInitConfigDrive"`
}

type cloudInit struct {
	UserData *string `json:"userData"`
}

// What was there before, as the annotation keeps it.
type record struct {
	JoinSecret     string   `json:"joinSecret"`
	UserDataSecret string   `json:"userDataSecret"`
	Original       original `json:"original"`
}

type original struct {
	UserData string `json:"userData"`
}

type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value,omitempty"`
}

type answer struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"`
	Response   response `json:"response"`
}

type response struct {
	UID       string `json:"uid"`
	Allowed   bool   `json:"allowed"`
	PatchType string `json:"patchType,omitempty"`
	Patch     []byte `json:"patch,omitempty"` // in JSON: base64
}

type object = map[string]any

const (
	enrollLabel = "innkeeper.dev/enroll"
	prepared    = "innkeeper.dev/prepared"
	templates   = "/spec/template/spec"
)

// The first volume with user-data that can move into a Secret: its index, its kind, its text.
func firstCloudInit(volumes []volume) (int, string, *string) {
	for i, one := range volumes {
		switch {
		case one.NoCloud != nil:
			return i, "cloudInitNoCloud", one.NoCloud.UserData
		case one.ConfigDrive != nil:
			return i, "cloudInitConfigDrive", one.ConfigDrive.UserData
		}
	}
	return 0, "", nil
}

func carriesOurs(vm *virtualMachine) bool {
	for _, disk := range vm.Spec.Template.Spec.Domain.Devices.Disks {
		if disk.Name == "innkeeper" {
			return true
		}
	}
	return false
}

func patchFor(vm *virtualMachine) ([]byte, error) {
	if vm.Metadata.Labels[enrollLabel] != "true" || carriesOurs(vm) {
		return nil, nil
	}
	index, kind, text := firstCloudInit(vm.Spec.Template.Spec.Volumes)
	if text == nil {
		return nil, nil
	}
	join, userData := vm.Metadata.Name+"-innkeeper", vm.Metadata.Name+"-innkeeper-user-data"
	kept, err := json.Marshal(record{join, userData, original{*text}})
	if err != nil {
		return nil, err
	}
	source := templates + "/volumes/" + strconv.Itoa(index) + "/" + kind
	patch := []operation{
		{"remove", source + "/userData", nil},
		{"add", source + "/secretRef", object{"name": userData}},
		{"add", templates + "/volumes/-", object{"name": "innkeeper",
			"secret": object{"secretName": join, "volumeLabel": "INNKEEPER"}}},
		{"add", templates + "/domain/devices/disks/-", object{"name": "innkeeper",
			"disk": object{"bus": "virtio", "readonly": true}}},
	}
	if vm.Metadata.Annotations == nil {
		patch = append(patch, operation{"add", "/metadata/annotations", object{prepared: string(kept)}})
	} else {
		patch = append(patch,
			operation{"add", "/metadata/annotations/innkeeper.dev~1prepared", string(kept)})
	}
	return json.Marshal(patch)
}

func mutate(writer http.ResponseWriter, incoming *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(writer, incoming.Body, 8<<20))
	if err != nil {
		http.Error(writer, err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	var asked review
	if err := json.Unmarshal(body, &asked); err != nil || asked.Request == nil {
		http.Error(writer, "no AdmissionReview", http.StatusBadRequest)
		return
	}
	told := answer{asked.APIVersion, asked.Kind, response{UID: asked.Request.UID, Allowed: true}}
	if asked.Request.Operation == "CREATE" {
		told.Response.Patch, err = patchFor(&asked.Request.Object)
		if err != nil {
			http.Error(writer, err.Error(), http.StatusInternalServerError)
			return
		}
	}
	if told.Response.Patch != nil {
		told.Response.PatchType = "JSONPatch"
	}
	text, err := json.Marshal(told)
	if err != nil {
		http.Error(writer, err.Error(), http.StatusInternalServerError)
		return
	}
	writer.Header().Set("Content-Type", "application/json")
	writer.Header().Set("Content-Length", strconv.Itoa(len(text))) // else Go would chunk it, which costs more
	writer.Write(text)
}

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: webhook_go CERTIFICATE KEY")
	}
	http.HandleFunc("POST /mutate-virtualmachine", mutate)
	http.HandleFunc("GET /healthz", func(writer http.ResponseWriter, _ *http.Request) {
		io.WriteString(writer, "ok\n")
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("port", listener.Addr().(*net.TCPAddr).Port)
	log.Fatal(http.ServeTLS(listener, nil, os.Args[1], os.Args[2]))
}
