import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

/**
 * The benchmark's client for Java: `Lab CONTENDER MODE URL SIZE COUNT KIND CA` runs the work twice and prints the result of the
 * second run. In the first run the virtual machine compiles the code. KIND: binary or text. CA: the authority of the server's
 * certificate.
 */
public final class Lab {
    private Lab() {}

    public static void main(String[] args) throws Exception {
        Workload.Mode mode = Workload.Mode.of(args[1]);
        String url = args[2] + mode.path;
        int size = Integer.parseInt(args[3]);
        int count = Integer.parseInt(args[4]);
        String authority = url.startsWith("wss:") ? args[6] : null;
        Contender contender = contender(args[0], authority);
        contender.run(url, new Workload(mode, size, count, args[5].equals("text")));
        Workload work = new Workload(mode, size, count, args[5].equals("text"));
        System.gc();
        contender.run(url, work);
        System.out.println(work);
        System.out.flush();
        Runtime.getRuntime().halt(0); // some contenders have threads that do not end
    }

    /** Each contender is a separate class, so that only its own library must be installed. */
    private static Contender contender(String name, String authority) throws Exception {
        switch (name) {
            case "okhttp": return new OkHttp(authority);
            case "jdk": return new Jdk(authority);
            case "netty": return new Netty(authority);
            case "tomcat": return new Tomcat(authority);
            default: return new Egret(name, authority);
        }
    }

    static X509TrustManager trust(String authority) throws Exception {
        KeyStore roots = KeyStore.getInstance(KeyStore.getDefaultType());
        roots.load(null, null);
        try (InputStream file = Files.newInputStream(Paths.get(authority))) {
            roots.setCertificateEntry("lab", CertificateFactory.getInstance("X.509").generateCertificate(file));
        }
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(roots);
        return (X509TrustManager) factory.getTrustManagers()[0];
    }

    static SSLContext tls(String authority) throws Exception {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, new TrustManager[] {trust(authority)}, null);
        return context;
    }
}
