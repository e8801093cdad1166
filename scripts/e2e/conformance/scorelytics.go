package conformance

var scorelytics = page{
	file: "001_6ee0938affaf90d1.txt", sha256: "4fe1527e155833e7cce1d84eb0ade2da852f1f19f42fdeed3408546505e72a54",
}
