package conformance

var fullengage = page{
	file: "003_c17dd13f6fd8ba8b.txt", sha256: "ba0045c78f4f42b9ba18791a84967f850afeab7b0db9284f5382e04270a6fc6f",
}
