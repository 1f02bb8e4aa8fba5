package core

// Identifier types with rules of their own. Any other text is a custom type.
const (
	TypeUserID      = "user_id"
	TypeEmail       = "email"
	TypePhone       = "phone"
	TypeAnonymousID = "anonymous_id"
	TypeDeviceID    = "device_id"
	TypePushToken   = "push_token"
	TypeGAClientID  = "ga_client_id"
)

// Identifier is one name by which a customer is known.
type Identifier struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}
