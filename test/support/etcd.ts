/** Has etcd forget all versions but the present, by its JSON gateway: https://etcd.io/docs/v3.5/dev-guide/api_grpc_gateway/ */
export async function compactEtcd(url: string): Promise<void> {
  const range = { key: btoa("/"), limit: 1 };
  const { header } = (await post(`${url}/v3/kv/range`, range)) as { readonly header: { readonly revision: string } };
  await post(`${url}/v3/kv/compaction`, { revision: header.revision, physical: true });
}

async function post(url: string, body: object): Promise<unknown> {
  const answer = await fetch(url, { method: "POST", body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}
