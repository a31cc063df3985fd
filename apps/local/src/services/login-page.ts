/** The login form. `uid` is URL-safe; `problem` is one of our own sentences. */
export function loginPage(uid: string, problem?: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sign in - Trivault (local)</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 22rem; margin: 15vh auto; padding: 0 1rem; color: #1a1a1a; background: #fff }
  label { display: block; margin-top: 1rem }
  input, button { font: inherit; width: 100%; box-sizing: border-box; padding: .5rem; margin-top: .25rem }
  button { margin-top: 1.5rem; background: #1a4fa0; color: #fff; border: 0; border-radius: 4px }
  .problem { color: #a01a1a }
</style>
</head>
<body>
<h1>Sign in</h1>
<p>Local identity provider of this vault. The sample sign-ins were printed at its start.</p>
${problem ? `<p class="problem" role="alert">${problem}</p>` : ''}
<form method="post" action="/interaction/${uid}">
<label>E-mail <input name="username" type="email" autocomplete="username" required autofocus></label>
<label>Password <input name="password" type="password" autocomplete="current-password" required></label>
<button type="submit">Sign in</button>
</form>
</body>
</html>
`
}
