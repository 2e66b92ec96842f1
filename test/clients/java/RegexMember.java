import org.apache.kafka.clients.consumer.SubscriptionPattern;

/** WeftClient's `join` of all topics that match an expression, which clients can from 4.0 on: BOOTSTRAP EXPRESSION GROUP. */
public class RegexMember {
  public static void main(String[] args) throws Exception {
    WeftClient.member(args[0], args[2], consumer -> consumer.subscribe(new SubscriptionPattern(args[1])));
  }
}
