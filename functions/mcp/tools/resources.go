package tools

// resources are tools that correspond to operations of the REST API.
var resources = map[string]func(d Deps) definition{}
