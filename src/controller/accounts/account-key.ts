/** Stands for the account of the controller's own credentials, for the objects of no class. */
export const OWN_ACCOUNT = "own";
