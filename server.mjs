import http from "node:http"; import fs from "node:fs"; import * as esbuild from "/tmp/conweb/nm/node_modules/esbuild/lib/main.js";
const web="/tmp/w/con-web/functions/console/web";
const [contract, port, dev]=process.argv.slice(2);
const creds=JSON.parse(fs.readFileSync(`/tmp/conweb/rig/${contract}.creds`));
let who=process.env.WHO||"";
const csp="default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";
async function build(){return esbuild.build({entryPoints:[web+"/src/main.tsx"],bundle:true,minify:true,format:"esm",target:"es2020",write:false,jsx:"automatic",jsxImportSource:"preact",nodePaths:["/tmp/conweb/nm/node_modules"]});}
const info=(s)=>({id:"ses_abc.3",method:"key",org:s.org,user:s.user,role:s.role,created_at:new Date().toISOString(),renewed_at:new Date().toISOString(),idle_until:new Date(Date.now()+8*36e5).toISOString(),ends_at:new Date(Date.now()+24*36e5).toISOString(),key:s.id,label:"Chrome on Linux",current:true});
let token=null;
http.createServer(async(req,res)=>{
  const url=new URL(req.url,"http://x");
  const chunks=[]; for await(const c of req) chunks.push(c); const body=Buffer.concat(chunks);
  if(url.pathname==="/console"){const cfg=fs.readFileSync(`/tmp/conweb/rig/${contract}.json`,"utf8");const page=`<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark"><meta name="statgate-config" content="${cfg.replace(/&/g,"&amp;").replace(/"/g,"&quot;")}"><title>x</title><link rel="icon" href="data:,"><link rel="stylesheet" href="console/style.css"><script type="module" src="console/app.js"></script></head><body><div id="app"></div></body></html>`;res.writeHead(200,{"content-type":"text/html","content-security-policy":csp});return res.end(page);}
  if(url.pathname==="/console/app.js"){try{const b=await build();res.writeHead(200,{"content-type":"text/javascript"});return res.end(b.outputFiles[0].text);}catch(e){res.writeHead(500);return res.end(String(e));}}
  if(url.pathname==="/console/style.css"){res.writeHead(200,{"content-type":"text/css"});return res.end(fs.readFileSync(web+"/src/style.css"));}
  if(url.pathname.startsWith("/console/session/")){
    const what=url.pathname.split("/").pop();const b=JSON.parse(body);
    if(what==="end"){token=null;res.writeHead(204);return res.end();}
    if(what==="start"){ if(b.key) token=b.key; else if(b.link==="good") token=creds.owner_key; else token=null; }
    if(!token){res.writeHead(401,{"content-type":"application/json","x-request-id":"req-1"});return res.end(JSON.stringify({error:"unauthorized",message:"no session"}));}
    const r=await fetch(dev+JSON.parse(fs.readFileSync(`/tmp/conweb/rig/${contract}.json`)).base+"/keys/self",{headers:{authorization:"Bearer "+token}});
    if(r.status!==200){token=null;res.writeHead(401,{"content-type":"application/json"});return res.end("{}");}
    let s=await r.json(); if(s.data) s=s.data;
    res.writeHead(200,{"content-type":"application/json"});return res.end(JSON.stringify({access_token:token,expires_at:new Date(Date.now()+3e5).toISOString(),session:info(s)}));
  }
  const h={...req.headers};delete h.host;delete h.connection;delete h["content-length"];
  const r=await fetch(dev+req.url,{method:req.method,headers:h,body:body.length?body:undefined});
  const out={};r.headers.forEach((v,k)=>{if(!["content-encoding","content-length","transfer-encoding","connection"].includes(k))out[k]=v});
  res.writeHead(r.status,out);res.end(Buffer.from(await r.arrayBuffer()));
}).listen(+port,"127.0.0.1");
