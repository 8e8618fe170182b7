package commands

import "strings"

// errorName is a type of error as it is shown; one that the source does not name is called so.
func errorName(kind string) string {
	if kind == "" {
		return "an error without a name"
	}
	return kind
}

// errorWords says what a type of error means, and what to do. detail is the server's own text, which tells one more kind
// apart.
//
// Sources: Microsoft's "Troubleshooting errors during synchronization" (InvalidSoftMatch, InvalidHardMatch,
// ObjectTypeMismatch, AttributeValueMustBeUnique, IdentityDataValidationFailed, FederatedDomainChangeError, LargeObject,
// ExistingAdminRoleConflict), its message MC1263280 of 2026 (hard-match hardening), and the engine's own words.
func errorWords(kind, detail string) Text {
	if strings.Contains(strings.ToLower(detail), "security hardening") {
		kind = "hard-match-hardening"
	}
	switch strings.ToLower(kind) {
	case "attributevaluemustbeunique":
		return line("Another object already has this address or name. Next: find the other one by the value that is shown, and change or remove it on one of the two.")
	case "invalidsoftmatch":
		return line("An object in Entra ID has the same address but belongs to another source. Next: find the other one, and remove it or change the address; if they are the same person, remove its ImmutableId so that they can match.")
	case "invalidhardmatch":
		return line("The object that matches in Entra ID may not be taken over. Next: look whether it is the same person, and whether the tenant blocks takeover by hard match.")
	case "hard-match-hardening":
		return line("Entra ID blocks this match since its hardening of 2026. Next: compare OnPremisesObjectIdentifier of the object in Entra ID with the one in AD; only an administrator can clear it.")
	case "objecttypemismatch":
		return line("The address belongs to an object of another kind, a group or contact for example. Next: change the address of one of the two.")
	case "identitydatavalidationfailed":
		return line("A value has characters or a form that Entra ID does not take, often in userPrincipalName or proxyAddresses. Next: correct it in AD.")
	case "datavalidationfailed":
		return line("A value has characters or a form that Entra ID does not take. Next: correct it in AD.")
	case "federateddomainchangeerror":
		return line("The new name is in another federated domain, which Entra ID does not change at once. Next: set the name there to one in the tenant's own onmicrosoft.com domain first.")
	case "largeobject", "exceededallowedlength":
		return line("An attribute has more values, or is longer, than Entra ID takes: certificates, photo or addresses mostly. Next: remove some in AD.")
	case "existingadminroleconflict":
		return line("The matching object in Entra ID has an administrator's role, and such a one is never taken over. Next: take the role away, let it match, give the role back.")
	case "permission-issue":
		return line("The connector's account may not write this. Next: give it the permission in AD; for members of protected groups (adminCount 1) inheritance is off.")
	case "dn-attributes-failure":
		return line("An object that this one refers to is not there, a group's member for example. It mostly goes away by itself when the other one has been synchronised.")
	case "exported-change-not-reimported":
		return line("A change was exported but not found at the next import: something else writes the same attribute. Next: find out who.")
	case "sync-generic-failure", "extension-dll-exception", "extension-unexpected-attribute-value", "sync-rule-error-function-triggered":
		return line("A synchronization rule failed for this object. Next: preview the object in Synchronization Service Manager, which names the rule.")
	case "ambiguous-import-flow-from-multiple-connectors", "unexpected-error":
		return line("The engine could not apply the change. Next: preview the object in Synchronization Service Manager.")
	case "missing-partition-for-given-dn", "missing-anchor-value":
		return line("The object stands outside of what the connector reads, or lacks its key. Next: look at the connector's scope.")
	}
	return line("I have no words for this one. Next: Synchronization Service Manager shows its details.")
}
