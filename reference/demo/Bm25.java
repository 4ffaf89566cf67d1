import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.apache.lucene.analysis.en.EnglishAnalyzer;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.StringField;
import org.apache.lucene.document.TextField;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.queryparser.classic.QueryParser;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.ScoreDoc;
import org.apache.lucene.search.similarities.BM25Similarity;
import org.apache.lucene.store.ByteBuffersDirectory;

/**
 * A first stage by Lucene, with Anserini's settings for passages (k1 0.9, b 0.4, English stemming and stop words): {@code java -cp
 * LUCENE Bm25.java CORPUS.tsv QUERIES.tsv DEPTH RUN.trec}. Both inputs are {@code id<tab>text}.
 */
public final class Bm25 {
  public static void main(String[] arguments) throws Exception {
    var analyzer = new EnglishAnalyzer();
    var directory = new ByteBuffersDirectory();
    var config = new IndexWriterConfig(analyzer);
    config.setSimilarity(new BM25Similarity(0.9f, 0.4f));
    try (var writer = new IndexWriter(directory, config)) {
      for (String[] passage : table(arguments[0])) {
        var document = new Document();
        document.add(new StringField("docid", passage[0], Field.Store.YES));
        document.add(new TextField("text", passage[1], Field.Store.NO));
        writer.addDocument(document);
      }
    }
    List<String> run = new ArrayList<>();
    try (var reader = DirectoryReader.open(directory)) {
      var searcher = new IndexSearcher(reader);
      searcher.setSimilarity(new BM25Similarity(0.9f, 0.4f));
      var parser = new QueryParser("text", analyzer);
      for (String[] query : table(arguments[1])) {
        int rank = 0;
        for (ScoreDoc hit :
            searcher.search(parser.parse(QueryParser.escape(query[1])), Integer.parseInt(arguments[2])).scoreDocs) {
          String docid = searcher.storedFields().document(hit.doc).get("docid");
          run.add(String.format(Locale.ROOT, "%s Q0 %s %d %.4f bm25", query[0], docid, ++rank, hit.score));
        }
      }
    }
    Files.write(Path.of(arguments[3]), run);
  }

  private static List<String[]> table(String file) throws IOException {
    return Files.readAllLines(Path.of(file)).stream().map(line -> line.split("\t", 2)).toList();
  }
}
