package faults

import (
	"regexp/syntax"

	"github.com/danielgtaylor/huma/v2/validation"
)

// Library lists the formats of messages that libraries make and that reach
// callers: the framework's checks of a request, patterns that cannot be read,
// and broken JSON.
func Library() []string {
	out := []string{
		validation.MsgUnexpectedProperty, validation.MsgExpectedRFC3339DateTime, validation.MsgExpectedRFC1123DateTime, validation.MsgExpectedRFC3339Date,
		validation.MsgExpectedRFC3339Time, validation.MsgExpectedRFC5322Email, validation.MsgExpectedRFC5890Hostname, validation.MsgExpectedRFC2673IPv4,
		validation.MsgExpectedRFC2373IPv6, validation.MsgExpectedRFCIPAddr, validation.MsgExpectedRFC3986URI, validation.MsgExpectedRFC4122UUID,
		validation.MsgExpectedRFC6570URITemplate, validation.MsgExpectedRFC6901JSONPointer, validation.MsgExpectedRFC6901RelativeJSONPointer,
		validation.MsgExpectedRegexp, validation.MsgExpectedMatchAtLeastOneSchema, validation.MsgExpectedMatchExactlyOneSchema,
		validation.MsgExpectedNotMatchSchema, validation.MsgExpectedPropertyNameInObject, validation.MsgExpectedBoolean, validation.MsgExpectedDuration,
		validation.MsgExpectedNumber, validation.MsgExpectedInteger, validation.MsgExpectedString, validation.MsgExpectedBase64String,
		validation.MsgExpectedArray, validation.MsgExpectedObject, validation.MsgExpectedArrayItemsUnique, validation.MsgExpectedOneOf,
		validation.MsgExpectedMinimumNumber, validation.MsgExpectedExclusiveMinimumNumber, validation.MsgExpectedMaximumNumber,
		validation.MsgExpectedExclusiveMaximumNumber, validation.MsgExpectedNumberBeMultipleOf, validation.MsgExpectedMinLength,
		validation.MsgExpectedMaxLength, validation.MsgExpectedBePattern, validation.MsgExpectedMatchPattern, validation.MsgExpectedMinItems,
		validation.MsgExpectedMaxItems, validation.MsgExpectedMinProperties, validation.MsgExpectedMaxProperties, validation.MsgExpectedRequiredProperty,
		validation.MsgExpectedDependentRequiredProperty,
		// The framework's words that have no name there.
		"validation failed", "unexpected error occurred", "unable to marshal response", "unknown query parameter", "required %s parameter is missing",
		"expected at most one value, but received multiple values", "expected value to match exactly one schema but matched multiple",
		"write only property is non-zero", "invalid integer", "invalid float", "invalid floating value", "invalid boolean", "invalid date/time for format %s",
		"invalid url.URL value", "invalid value: %s", "unparsable value", "request body is required", "request body is too large limit=%d bytes",
		"request body read timeout", "cannot read request body", "unknown content type: %s",
		// encoding/json
		"unexpected end of JSON input", "invalid character %s looking for beginning of value", "invalid character %s looking for beginning of object key string",
		"invalid character %s after object key:value pair", "invalid character %s after object key", "invalid character %s after array element",
		"invalid character %s after top-level value", "invalid character %s in string literal", "invalid character %s in literal %s",
	}
	for _, code := range []syntax.ErrorCode{syntax.ErrInvalidCharClass, syntax.ErrInvalidCharRange, syntax.ErrInvalidEscape, syntax.ErrInvalidNamedCapture,
		syntax.ErrInvalidPerlOp, syntax.ErrInvalidRepeatOp, syntax.ErrInvalidRepeatSize, syntax.ErrInvalidUTF8, syntax.ErrMissingBracket, syntax.ErrMissingParen,
		syntax.ErrMissingRepeatArgument, syntax.ErrTrailingBackslash, syntax.ErrUnexpectedParen, syntax.ErrNestingDepth, syntax.ErrLarge} {
		out = append(out, "error parsing regexp: "+string(code)+": %s")
	}
	return out
}
