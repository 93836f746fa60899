package port
import ("testing";"fmt")
func TestTry(t *testing.T){
 for _,s:=range []string{"62893",":62893","8000-8010",":8000-8010","127.0.0.1:8000-8010","[::1]:62893","localhost:3000","app.localhost:3000","*:80","udp/53","53/udp","udp/127.0.0.1:53","tcp/[::]:8080","udplite/9","tcp:53","udp:127.0.0.1:53","postgres","postgresql","redis","mysql","https","http","x11","vite","ollama","MinIO","rabbitmq","elasticsearch","kafka","http://localhost:3000/x","https://127.0.0.1/","postgres://me@localhost:5432/db","postgres://me:secret@localhost:5432/db?sslpassword=x","redis://localhost","ws://localhost","jdbc:postgresql://localhost/db","http://localhost:8888/?token=abc","http://[::1]:80/","http://[fe80::1%25eth0]:80/","[fe80::1%eth0]:80","[::ffff:127.0.0.1]:80",":::3000",
 "db.example.com:5432","postgres://me:p@ss@db.example.com:5432/x","8000-7000","0","65536","99999999999","-1","::","::1","::1:3000","::8080","127.0.0.1","localhost","","postgre","htpp","redsi","localhost3000","localhost 3000","8o80","3000,3001","3000 3001","80/tpc","127.0.0.1.1:80","999.0.0.1:80","127.1:80","8080:80","127.0.0.1:8080:80","0.0.0.0:5432->5432/tcp","127.0.0.53%lo:53","PORT=3000","--port 3000","3000;","８０８０","8000 – 8010","8000..8010","localhost:3000/x","5432/sctp","locahost:3000","http://localhost:99999","unix:///var/run/x.sock","foo://localhost","http://","localhost:","53/","/53","0-100","8000-70000","3000-","msp","[127.0.0.1]:80","[::1]","[::1","foo","tcp/53/udp","::1:30000","١٢٣","udp/postgre","user:pw@tcp(localhost:3306)/db", "Next.js","vite preview","http://*:5000","http://+:80"} {
  g,err:=ParseTarget(s)
  if err!=nil { fmt.Println("ERR",err); continue }
  fmt.Printf("%q -> %s  %+v\n",s,g,g)
 }
}
