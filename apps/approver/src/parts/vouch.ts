/** Where a sign-in comes back to that vouches for this device's key. */
export const vouchPath = '/pair?vouched'
