package bind

import (
	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"
)

// The library's settings are package variables. Messages follow a field's name and
// a colon: "limit: must be at most 100".
func init() {
	huma.ValidateStrictCasing = true
	for message, text := range map[*string]string{
		&validation.MsgUnexpectedProperty:            "unknown field",
		&validation.MsgExpectedRFC3339DateTime:       "must be a time as in RFC 3339, such as 2027-01-31T12:00:00Z",
		&validation.MsgExpectedRFC3339Date:           "must be a date, such as 2027-01-31",
		&validation.MsgExpectedRFC5322Email:          "must be an email address: %v",
		&validation.MsgExpectedBoolean:               "must be a boolean",
		&validation.MsgExpectedNumber:                "must be a number",
		&validation.MsgExpectedInteger:               "must be an integer",
		&validation.MsgExpectedString:                "must be a string",
		&validation.MsgExpectedArray:                 "must be an array",
		&validation.MsgExpectedObject:                "must be an object",
		&validation.MsgExpectedArrayItemsUnique:      "must not have the same item twice",
		&validation.MsgExpectedOneOf:                 "must be one of %s",
		&validation.MsgExpectedMinimumNumber:         "must be at least %v",
		&validation.MsgExpectedMaximumNumber:         "must be at most %v",
		&validation.MsgExpectedMinLength:             "must have at least %d characters",
		&validation.MsgExpectedMaxLength:             "must have at most %d characters",
		&validation.MsgExpectedBePattern:             "must be %s",
		&validation.MsgExpectedMatchPattern:          "must match the pattern %s",
		&validation.MsgExpectedMinItems:              "must have at least %d items",
		&validation.MsgExpectedMaxItems:              "must have at most %d items",
		&validation.MsgExpectedRequiredProperty:      "%s is required",
		&validation.MsgExpectedMatchAtLeastOneSchema: "has no supported form",
	} {
		*message = text
	}
}
