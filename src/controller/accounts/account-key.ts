/** The key of the account of the controller's own credentials, which objects without a class are in. */
export const OWN_ACCOUNT = "own";
