import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Posts a body as the JDK's client does by default: with an Upgrade to HTTP/2, with a length and in chunks. */
public class PostTwice {
    public static void main(String[] arguments) throws Exception {
        byte[] body = arguments[1].getBytes(StandardCharsets.UTF_8);
        BodyPublisher chunked = BodyPublishers.ofByteArrays(List.of(body));
        try (HttpClient client = HttpClient.newHttpClient()) {
            for (BodyPublisher publisher : List.of(BodyPublishers.ofByteArray(body), chunked)) {
                HttpRequest request = HttpRequest.newBuilder(URI.create(arguments[0]))
                        .header("Content-Type", "application/json").POST(publisher).build();
                var response = client.send(request, BodyHandlers.ofString());
                System.out.println(response.statusCode() + " " + response.version() + " " + response.body());
            }
        }
    }
}
