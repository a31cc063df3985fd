/** Base64 of the release key's P-256 point; put in by the build. */
declare const __RELEASE_KEY__: string
/** What the key is: `signed release`, or `local build`. */
declare const __RELEASE_LABEL__: string
/** Hash of all other files, so that the worker is another file with every release. */
declare const __RELEASE_BUILD__: string
