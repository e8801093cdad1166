package conformance

var teambattles = page{
	file: "002_cd1ad135d019aefe.txt", sha256: "f42ff4c764b756378ece749e5e1fd2c664a9e57efbb5809399e719bb77b66553",
}
